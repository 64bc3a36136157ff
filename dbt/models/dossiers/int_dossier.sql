-- One row per dossier, newest version: its facts as the indicators ask for them.
-- Without MaDVC it counts for the first public service, by code, of its procedure.
{{ config(indexes=[
    {'columns': ['dossier_code', 'unit_code'], 'unique': true},
    {'columns': ['unit_code']},
    {'columns': ['is_of_known_unit', 'happened_at']},
]) }}
-- depends_on: {{ ref('int_leaving_sum') }}, {{ ref('int_leaving_report') }}
{# What convert.to_number and convert.to_code read, as conditions of jsonpath: lists are searched without being taken
   apart. What is written as always is told without a pattern. #}
{% set is_amount = '@ like_regex "[1-9]" && @ like_regex "^[0-9]+([.,][0-9]+)?$"' %}
{% set is_zero = '@ == "0" || @ like_regex "^-?0+([.,]0+)?$"' %}
{% set is_one = '@ == "1" || (@ != "0" && @ != "2" && @ like_regex "^0*1([.,]0+)?$")' %}
{% set is_one_or_more = '@ == "1" || @ == "2" || (@ like_regex "[1-9]" && @ like_regex "^[0-9]+([.,]0+)?$")' %}
with first_service as (
    select
        procedure_code,
        min(service_code collate "C") as service_code
    from {{ ref('int_public_service') }}
    group by procedure_code
),

dossier as (
    select
        source.*,
        first_service.service_code as first_service_code,
        unit.unit_code is not null as is_of_known_unit,
        coalesce(procedure.has_paper_result, false) as has_paper_result,
        coalesce(procedure.is_fee_bearing, false) as is_fee_bearing,
        -- more days or months, or as many days in hours, are a typing error, and no date that tools can read
        case
            when procedure.time_limit is not null
                then least(procedure.time_limit, case procedure.time_limit_unit when 'gio' then 240000 else 10000 end)
        end as time_limit,
        procedure.time_limit_unit,
        unit.unit_level = 'commune' and source.applicant_gso_code <> unit.gso_code as is_of_other_commune
    from {{ ref('stg_dossiers') }} as source
    left join {{ ref('int_unit') }} as unit on unit.unit_code = source.unit_code
    left join {{ ref('int_procedure') }} as procedure on procedure.procedure_code = source.procedure_code
    left join first_service on first_service.procedure_code = source.procedure_code
    {{ only_changed('source.row_key', key='convert.to_row_key(changed.dossier_code)') }}
)

select
    dossier.dossier_code,
    dossier.unit_code,
    dossier.is_of_known_unit,
    dossier.procedure_code,
    coalesce(dossier.service_code, dossier.first_service_code) as service_code,
    dossier.channel,
    dossier.status,
    dossier.submitted_at,
    dossier.received_at,
    coalesce(dossier.received_at, dossier.submitted_at) as happened_at,
    dossier.done_at,
    dossier.returned_at,
    dossier.refused_at,
    coalesce(dossier.promised_at, {{ due_by_limit('dossier') }}) as due_at,
    dossier.department,
    dossier.official_key,
    coalesce(dossier.is_of_other_commune, false) as is_outside_boundary,
    dossier.is_fee_bearing,
    dossier.has_paper_result,
    coalesce(dossier.channel = 2, false) as is_online,
    coalesce(dossier.synchronised <> 0, true) as is_synchronised,
    coalesce(dossier.online_payment in (1, 2, 3), false) as is_paid_online,
    coalesce(dossier.vneid_account = 1, false)
    or coalesce(dossier.databases @> '[{"MaCSDL": "{{ var("population_database_code") }}"}]', false)
        as uses_population_data,
    {{ has_item('dossier.fees', 'Gia', is_amount) }} as has_fee_amount,
    {{ has_item('dossier.fees') }} and not {{ has_item_without('dossier.fees', 'Gia', is_zero) }}
        as has_only_zero_fees,
    {{ has_item('dossier.components', 'DuongDanTaiTepTin') }} as has_component_file,
    coalesce(dossier.reuses_components = 1, false)
    or {{ has_item('dossier.components', 'DuocTaiSuDung', is_one_or_more) }}
    or {{ has_item('dossier.components', 'DuocSoHoa', is_one) }} as reuses_data,
    {{ has_item('dossier.components', 'DuocLayTuKhoDMQG', is_one) }}
    or {{ has_item('dossier.results', 'DongBoKhoDMQG', is_one) }} as from_data_store,
    {{ has_item('dossier.results', 'DuongDanTepTinKetQua') }} as has_electronic_result,
    dossier.supplements,
    dossier.export_day,
    dossier.load_id
from dossier
