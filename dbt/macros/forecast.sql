{# The first day of the month in which the earliest of the units' windows begins (int_forecast_window): what is older
   says nothing to the forecast. #}
{% macro first_recent_month() %}
    (select date_trunc('month', min(earliest.first_day))::date from {{ ref('int_forecast_window') }} as earliest)
{%- endmacro %}
