#!/bin/sh
# Dumps the warehouse and the metadata of Airflow and Superset into the folder given, whole or not at all, and keeps two weeks.
# Restore: pg_restore --clean --if-exists --dbname=chiso <file>. The landing area and the secrets are not in it.
set -eu

folder=$1
kept_days=14

# Superset's has what people added to its dashboards; it is there only where Superset is.
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname=chiso "$@"; }
superset=$(ask --command="select datname from pg_database where datname = 'superset'")
# Every export to a file is recorded (include/chiso766/file_export.py), once there is a warehouse.
has_record=$(ask --command="select to_regclass('ops.file_export')")
for database in chiso airflow $superset; do
    draft="$folder/$database.draft"
    pg_dump --format=custom --file="$draft" --dbname="$database"
    dump="$folder/$database-$(date +%Y-%m-%d).dump"
    mv "$draft" "$dump"
    if [ -n "$has_record" ]; then
        ask --set=content="cơ sở dữ liệu $database" --set=path="$dump" <<'SQL'
insert into ops.file_export (ended_at, account, role, command, content, path)
values (clock_timestamp(), 'backup', current_user, 'backup.sh', :'content', :'path');
SQL
    fi
done
# Only behind a dump that succeeded: what is old may be all there is.
find "$folder" -name '*.dump' -mtime "+$kept_days" -delete
