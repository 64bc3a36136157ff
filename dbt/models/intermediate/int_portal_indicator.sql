-- One row per unit, period and indicator of which the portal published counts or a score, as last pulled.
select distinct on (published.unit_code, published.period_type, published.period_start, indicator.indicator_code)
    published.unit_code,
    published.period_type,
    published.period_start,
    indicator.indicator_code,
    published.numerator,
    published.denominator,
    {{ shown_score('published.score') }} as score,
    published.pulled_on
from {{ ref('stg_portal_scores') }} as published
left join {{ ref('portal_aliases') }} as alias on alias.alias = published.portal_code
inner join {{ ref('indicators') }} as indicator
    on indicator.portal_code = coalesce(alias.portal_code, published.portal_code)
where num_nonnulls(published.numerator, published.denominator, published.score) > 0
order by
    published.unit_code,
    published.period_type,
    published.period_start,
    indicator.indicator_code,
    published.pulled_on desc,
    published.score nulls last
