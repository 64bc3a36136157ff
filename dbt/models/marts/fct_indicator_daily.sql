-- One row per published night, profile, unit, period and indicator: what was known that night; never rewritten.
{{ config(materialized='view') }}
with version as (
    select
        *,
        lead(build_id) over (
            partition by unit_code, period_type, period_start, profile, indicator_code
            order by build_id
        ) as next_build_id
    from {{ source('history', 'indicator_version') }}
)

select
    build.as_of_day,
    build.built_at,
    version.profile,
    version.unit_code,
    version.period_type,
    version.period_start,
    version.indicator_code,
    version.numerator,
    version.denominator,
    version.ratio,
    version.score,
    version.max_score,
    version.status,
    {{ moment('(build.as_of_day + 1)::timestamp') }} as as_of
from {{ source('ops', 'build') }} as build
inner join version
    on
        version.build_id <= build.build_id
        and coalesce(version.next_build_id > build.build_id, true)
where build.state = 'published' and version.status is not null
