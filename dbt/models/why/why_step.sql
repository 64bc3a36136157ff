-- One row per scored indicator and step from what it counted on one night to what it counts on the other, in the order
-- of the causes. A step moves all things that count alike for the same cause; `score` is what the counts earn after it.
-- So the points of all steps sum to the difference, to the cent.
with part as (
    select
        indicator_code,
        evidence_key,
        cause,
        dossier_codes,
        numerator_change,
        denominator_change,
        0 as factor_numerator_change,
        0 as factor_denominator_change
    from {{ ref('why_thing') }}
    union all
    -- the ratio of 3.3 is multiplied with that of 1.4
    select
        '3.3' as indicator_code,
        evidence_key,
        cause,
        dossier_codes,
        0 as numerator_change,
        0 as denominator_change,
        numerator_change as factor_numerator_change,
        denominator_change as factor_denominator_change
    from {{ ref('why_thing') }}
    where indicator_code = '1.4'
),

thing as (
    select
        indicator_code,
        evidence_key,
        min(cause) as cause,
        min(dossier_codes) as dossier_codes,
        sum(numerator_change) as numerator_change,
        sum(denominator_change) as denominator_change,
        sum(factor_numerator_change) as factor_numerator_change,
        sum(factor_denominator_change) as factor_denominator_change
    from part
    group by indicator_code, evidence_key
),

night as (
    {% for night in ('before', 'after') %}
    select
        '{{ night }}' as night,
        counted.indicator_code,
        counted.unit_level,
        counted.ends_on,
        counted.has_source,
        counted.has_factor,
        coalesce(part.things, 0) as things,
        coalesce(part.things_in, 0) as things_in,
        national.dossiers as national,
        portal.dossiers as portal
    from {{ on_night(night, 'int_indicator_count') }} as counted
    left join {{ on_night(night, 'int_national_count') }} as national using (unit_code, period_type, period_start)
    left join {{ on_night(night, 'int_portal_count') }} as portal using (unit_code, period_type, period_start)
    left join {{ on_night(night, 'int_indicator_total') }} as part
        using (indicator_code, unit_code, period_type, period_start)
    where counted.unit_code = {{ asked_unit() }} and {{ is_asked_period('counted') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- what the steps lead from; of a period that had not begun, nothing
start as (
    select
        after.indicator_code,
        after.unit_level,
        after.ends_on,
        after.has_factor,
        before.indicator_code is not null as had_begun,
        coalesce(before.has_source, false) as had_source,
        after.has_source,
        coalesce(before.things, 0) as things,
        coalesce(before.things_in, 0) as things_in,
        coalesce(factor.things, 0) as factor_things,
        coalesce(factor.things_in, 0) as factor_things_in,
        before.national as national_before,
        after.national as national_after,
        before.portal as portal_before,
        after.portal as portal_after
    from night as after
    left join night as before on before.night = 'before' and before.indicator_code = after.indicator_code
    left join night as factor on factor.night = 'before' and after.has_factor and factor.indicator_code = '1.4'
    where after.night = 'after'
),

move as (
    select
        indicator_code,
        array_position(
            array['new', 'period', 'finished', 'supplement', 'overdue', 'rated', 'petition', 'catalogue', 'corrected'],
            cause
        ) as place,
        cause,
        numerator_change,
        denominator_change,
        factor_numerator_change,
        factor_denominator_change,
        count(*) as things,
        jsonb_agg(
            jsonb_build_object('key', evidence_key, 'dossier_codes', dossier_codes) order by evidence_key
        ) as evidence
    from thing
    group by
        indicator_code, cause, numerator_change, denominator_change, factor_numerator_change, factor_denominator_change
    union all
    select
        indicator_code,
        place,
        cause,
        0 as numerator_change,
        0 as denominator_change,
        0 as factor_numerator_change,
        0 as factor_denominator_change,
        0 as things,
        '[]'::jsonb as evidence
    from (
        -- where the steps begin: what the night before stood at
        select
            indicator_code,
            -1 as place,
            'rule_changed' as cause
        from start
        union all
        select
            indicator_code,
            0 as place,
            case when had_begun then 'source' else 'period' end as cause
        from start
        where has_source and not had_source
        union all
        select
            indicator_code,
            99 as place,
            'other_counts' as cause
        from start
        where
            indicator_code in ('1.4', '3.3')
            and (national_before, portal_before) is distinct from (national_after, portal_after)
    ) as mark
),

step as (
    select
        move.indicator_code,
        move.place,
        move.cause,
        move.numerator_change,
        move.denominator_change,
        move.evidence,
        start.unit_level,
        start.ends_on,
        start.has_factor,
        case when move.place >= 0 then start.has_source else start.had_source end as has_source,
        start.things_in + sum(move.things * move.numerator_change) over so_far as numerator,
        start.things + sum(move.things * move.denominator_change) over so_far as things,
        start.factor_things_in + sum(move.things * move.factor_numerator_change) over so_far as factor_numerator,
        start.factor_things + sum(move.things * move.factor_denominator_change) over so_far as factor_things,
        case when move.place = 99 then start.national_after else start.national_before end as national,
        case when move.place = 99 then start.portal_after else start.portal_before end as portal,
        row_number() over so_far as step
    from move
    inner join start using (indicator_code)
    window so_far as (
        partition by move.indicator_code
        order by
            move.place,
            move.numerator_change desc,
            move.denominator_change,
            move.factor_numerator_change desc,
            move.factor_denominator_change
    )
)

{% set counts %}
    (
        select
            {{ asked_unit() }} as unit_code,
            '{{ var("why").period_type }}' as period_type,
            date '{{ var("why").period_start }}' as period_start,
            step.unit_level,
            step.ends_on,
            step.indicator_code,
            step.has_source,
            step.numerator,
            case
                when step.indicator_code = '1.4'
                    then {{ dossiers_to_synchronise('step.things', 'step.portal', 'step.national') }}
                else step.things
            end as denominator,
            step.has_factor,
            step.factor_numerator,
            case
                when step.has_factor
                    then {{ dossiers_to_synchronise('step.factor_things', 'step.portal', 'step.national') }}
            end as factor_denominator
    )
{% endset %}
select
    step.indicator_code,
    step.step,
    step.cause,
    step.numerator_change,
    step.denominator_change,
    step.evidence,
    coalesce(score.score, 0) as score
from step
cross join lateral ({{ indicator_score(counts) }}) as score
where score.profile = '{{ var("default_profile") }}' and score.max_score > 0
