-- One row per unit and period: its place among the communes (agencies) of its province, or among the provinces.
-- By the total that the portal published, else by the own one (default profile); ties share a place.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
with target as (
    -- whoever has as much as the unit on the last place that is good enough has that place too
    select
        unit_level,
        province_code,
        period_type,
        period_start,
        total_score
    from (
        select
            *,
            row_number() over (
                partition by unit_level, province_code, period_type, period_start
                order by total_score desc
            ) as place
        from {{ ref('int_ranking_now') }}
    ) as placed
    where place = {{ var('target_rank') }}
),

current_ as (
    -- a month ago the month before was the current one
    select
        *,
        date_trunc(period_type, {{ a_month_ago() }})::date as start_a_month_ago
    from {{ ref('int_current_period') }}
)

select
    ranked.unit_code,
    ranked.period_type,
    ranked.period_start,
    ranked.total_score,
    case when ranked.published_score is null then 'own' else 'portal' end as source,
    ranked.rank::integer as rank,
    ranked.rank_of::integer as rank_of,
    greatest(coalesce(target.total_score - ranked.total_score, 0), 0)::numeric(6, 2) as gap_to_target_rank,
    (
        min(ranked.total_score) over (
            partition by ranked.unit_level, ranked.province_code, ranked.period_type, ranked.period_start
            order by ranked.total_score
            -- scores have two decimals: the next better one
            range between 0.01 following and unbounded following
        ) - ranked.total_score
    )::numeric(6, 2) as gap_to_next,
    ranked.unit_level,
    nullif(ranked.province_code, '') as province_code,
    ranked.own_score,
    case
        when ranked.own_score is not null then (
            select 1 + count(*)
            from {{ ref('int_ranking_now') }} as other
            where
                other.unit_level = ranked.unit_level
                and other.province_code = ranked.province_code
                and other.period_type = ranked.period_type
                and other.period_start = ranked.period_start
                and other.unit_code <> ranked.unit_code
                and other.total_score > ranked.own_score
        )
    end::integer as own_rank,
    last_night.rank::integer as rank_last_night,
    last_month.rank::integer as rank_last_month
from {{ ref('int_ranking_now') }} as ranked
left join target using (unit_level, province_code, period_type, period_start)
left join current_ on current_.period_type = ranked.period_type and current_.period_start = ranked.period_start
left join {{ ref('int_ranking_last_night') }} as last_night
    on
        last_night.unit_code = ranked.unit_code
        and last_night.period_type = current_.period_type
        and last_night.period_start = current_.period_start
left join {{ ref('int_ranking_last_month') }} as last_month
    on
        last_month.unit_code = ranked.unit_code
        and last_month.period_type = current_.period_type
        and last_month.period_start = current_.start_a_month_ago
