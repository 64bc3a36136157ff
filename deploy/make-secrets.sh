#!/bin/sh
# Makes the files that docker-compose.yml (and the Kubernetes secret) take secrets from, those that are missing:
#   sh deploy/make-secrets.sh [folder, by default ./secrets]
# A file is named as the variable it holds. Copy the folder to every machine and back it up. CHISO_SECRET_KEY is a chain
# of keys that only ever grows: with another one the same person would get another hash. To add a key, for
# "chiso rotate key":
#   sh deploy/make-secrets.sh folder new-key
set -eu

folder=${1:-secrets}
mkdir -p "$folder"
chmod 700 "$folder" # that keeps them; in the containers several accounts read the files
cd "$folder"

random() {
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'
}

make() {
    if [ ! -e "$1" ]; then
        printf '%s\n' "$2" >"$1.draft"
        chmod 444 "$1.draft"
        mv "$1.draft" "$1"
    fi
}

make CHISO_DATABASE_PASSWORD "$(random)"
make CHISO_SECRET_KEY "$(random)"
if [ "${2:-}" = new-key ]; then
    printf '%s,%s\n' "$(cat CHISO_SECRET_KEY)" "$(random)" >CHISO_SECRET_KEY.draft
    chmod 444 CHISO_SECRET_KEY.draft
    mv -f CHISO_SECRET_KEY.draft CHISO_SECRET_KEY
fi
make CHISO_PERSONAL_KEY "$(random)"
make CHISO_UI_PASSWORD "$(random)"
# Where messages go (.env.example); empty: nowhere.
make CHISO_SMTP_URL ""
make CHISO_NOTIFY_WEBHOOK ""
make AIRFLOW__CORE__FERNET_KEY "$(random)"
make AIRFLOW__API__SECRET_KEY "$(random)"
make AIRFLOW__API_AUTH__JWT_SECRET "$(random)"

# Redis and what asks it. On another machine the second file names the first one instead of "redis".
if [ ! -e redis_password.conf ]; then
    password=$(random | tr -d '=')
    rm -f AIRFLOW__CELERY__BROKER_URL
    make AIRFLOW__CELERY__BROKER_URL "redis://:$password@redis:6379/0"
    make redis_password.conf "requirepass $password"
fi

# The object store, where there is one: fill it in. Other keys of the file: AWS's documentation.
make s3_credentials '[default]
#aws_access_key_id = …
#aws_secret_access_key = …'
