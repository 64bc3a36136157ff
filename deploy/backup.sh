#!/bin/sh
# Dumps the warehouse and the metadata of Airflow and Superset into the folder given, whole or not at all, and keeps two weeks.
# Restore: pg_restore --clean --if-exists --dbname=chiso <file>. The landing area and the secrets are not in it.
set -eu

folder=$1
kept_days=14

# Superset's has what people added to its dashboards; it is there only where Superset is.
superset=$(psql --no-psqlrc --tuples-only --no-align --dbname=chiso \
    --command="select datname from pg_database where datname = 'superset'")
for database in chiso airflow $superset; do
    draft="$folder/$database.draft"
    pg_dump --format=custom --file="$draft" --dbname="$database"
    mv "$draft" "$folder/$database-$(date +%Y-%m-%d).dump"
done
# Only behind a dump that succeeded: what is old may be all there is.
find "$folder" -name '*.dump' -mtime "+$kept_days" -delete
