{# Total of each unit and period as known at the end of a day: what the portal last published, else the own.
   own: a relation with unit_code, period_type, period_start, total_score (default profile). #}
{% macro unit_totals(own, known_on) %}
with published as (
    select distinct on (unit_code, period_type, period_start)
        unit_code,
        unit_level,
        period_type,
        period_start,
        {{ shown_score('score') }} as total_score
    from {{ ref('stg_portal_scores') }}
    where portal_code = 'TOTAL' and score is not null and pulled_on <= {{ known_on }}
    order by unit_code, period_type, period_start, pulled_on desc
),

total as (
    select
        unit_code,
        period_type,
        period_start,
        own.total_score as own_score,
        published.total_score as published_score,
        coalesce(unit.unit_level, published.unit_level) as unit_level,
        -- a unit that only the portal knows belongs to the province in its code; provinces stand among provinces
        case
            when coalesce(unit.unit_level, published.unit_level) <> 'province'
                then coalesce(unit.province_code, split_part(unit_code, '.', 1))
            else ''
        end as province_code
    from {{ own }} as own
    full join published using (unit_code, period_type, period_start)
    left join {{ ref('int_unit') }} as unit using (unit_code)
)

select
    unit_code,
    unit_level,
    province_code,
    period_type,
    period_start,
    own_score,
    published_score,
    coalesce(published_score, own_score) as total_score,
    rank() over same_kind as rank,
    count(*) over (partition by unit_level, province_code, period_type, period_start) as rank_of
from total
where unit_level is not null and coalesce(published_score, own_score) is not null
window
    same_kind as (
        partition by unit_level, province_code, period_type, period_start
        order by coalesce(published_score, own_score) desc
    )
{% endmacro %}

{# Own totals as the last night published by the end of a day said: unit_code, period_type, period_start, total_score. #}
{% macro published_own_totals(known_on) %}
(
    select
        version.unit_code,
        version.period_type,
        version.period_start,
        coalesce(sum(version.score), 0)::numeric(6, 2) as total_score
    from (
        select distinct on (unit_code, period_type, period_start, profile, indicator_code) *
        from {{ source('history', 'indicator_version') }}
        where
            profile = '{{ var("default_profile") }}'
            and unit_code in (select ranked.unit_code from {{ ref('int_ranking_now') }} as ranked where own_score is not null)
            and build_id <= (
                select max(build.build_id)
                from {{ source('ops', 'build') }} as build
                where build.state = 'published' and build.as_of_day <= {{ known_on }}
            )
        order by unit_code, period_type, period_start, profile, indicator_code, build_id desc
    ) as version
    where version.status is not null
    group by version.unit_code, version.period_type, version.period_start
)
{%- endmacro %}
