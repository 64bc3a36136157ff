-- One row per scored indicator and step that explains its score: the points it gave or took, and the things it moved.
-- Where the night's published score is known, what the counts of that night earn by today's rules beside it is the
-- cause `rule_changed`.
with published as (
    {% for night in ('before', 'after') %}
    select
        '{{ night }}' as night,
        version.indicator_code,
        coalesce(version.score, 0) as score
    from (
        select distinct on (indicator_code) *
        from {{ source('history', 'indicator_version') }}
        where
            build_id <= {{ var('why')[night ~ '_build_id'] or 0 }}
            and unit_code = {{ asked_unit() }}
            and period_type = '{{ var("why").period_type }}'
            and period_start = date '{{ var("why").period_start }}'
            and profile = '{{ var("default_profile") }}'
        order by indicator_code, build_id desc
    ) as version
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

step as (
    select
        step.*,
        coalesce(
            lag(step.score) over in_order,
            (
                select before.score from published as before
                where before.night = 'before' and before.indicator_code = step.indicator_code
            ),
            step.score
        ) as score_before
    from {{ ref('why_step') }} as step
    window in_order as (partition by step.indicator_code order by step.step)
),

last_step as (
    select distinct on (indicator_code) *
    from step
    order by indicator_code, step desc
)

select
    indicator_code,
    step,
    cause,
    numerator_change,
    denominator_change,
    evidence,
    score_before,
    score - score_before as points
from step
union all
select
    last_step.indicator_code,
    last_step.step + 1 as step,
    'rule_changed' as cause,
    0 as numerator_change,
    0 as denominator_change,
    '[]'::jsonb as evidence,
    last_step.score as score_before,
    after.score - last_step.score as points
from last_step
inner join published as after on after.night = 'after' and after.indicator_code = last_step.indicator_code
where after.score <> last_step.score
