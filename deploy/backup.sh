#!/bin/sh
# Dumps the warehouse and Airflow's metadata into the folder given, whole or not at all, and keeps two weeks.
# Restore: pg_restore --clean --if-exists --dbname=chiso <file>. The landing area and the secrets are not in it.
set -eu

folder=$1
kept_days=14

for database in chiso airflow; do
    draft="$folder/$database.draft"
    pg_dump --format=custom --file="$draft" --dbname="$database"
    mv "$draft" "$folder/$database-$(date +%Y-%m-%d).dump"
done
# Only behind a dump that succeeded: what is old may be all there is.
find "$folder" -name '*.dump' -mtime "+$kept_days" -delete
