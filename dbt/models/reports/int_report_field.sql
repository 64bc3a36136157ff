-- One row per procedure of the catalogue that names its field: the field as the reports name it, by one name also where
-- procedures spell it in several ways.
select
    procedure_code,
    coalesce(field_code, field_name) as field_code,
    coalesce(
        min(field_name collate "C") over (partition by coalesce(field_code, field_name)), field_code
    ) as field_name
from {{ ref('int_procedure') }}
where field_code is not null or field_name is not null
