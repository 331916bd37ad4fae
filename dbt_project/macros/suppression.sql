{% macro is_publishable_block(block) -%}
    (
        {{ block }}.n >= {{ block }}.min_respondents
        and (
            {{ block }}.driver = 'all'
            or (
                (
                    coalesce(
                        {{ list_total(block ~ '.highest_scores') }} - {{ list_total(block ~ '.lowest_scores') }}, 0
                    ) >= 10 * ({{ block }}.min_respondents - 1)
                    or (
                        {{ block }}.favourable_answers = 0
                        and {{ list_total(block ~ '.highest_scores') }} > {{ list_total(block ~ '.lowest_scores') }}
                        and {{ block }}.score_sum between 10 * ({{ block }}.min_respondents - 1)
                        and 100 * {{ block }}.n - 10 * ({{ block }}.min_respondents - 1)
                    )
                )
                and (
                    {{ block }}.favourable_answers = 0
                    or {{ block }}.favourable_count between 1 and {{ block }}.favourable_answers - 1
                )
                and coalesce(
                    least({{ block }}.promoters_count, {{ block }}.passives_count, {{ block }}.detractors_count), 1
                ) > 0
            )
        )
    )
{%- endmacro %}

{% macro union_of_blocks(cells, by, condition) -%}
    select
        {%- for column in by %}
            {{ column }},
        {%- endfor %}
        wave_key,
        driver,
        min_respondents,
        count(*) filter (where {{ condition }}) as cells_count,
        coalesce(sum(n) filter (where {{ condition }}), 0) as n,
        sum(score_sum) filter (where {{ condition }}) as score_sum,
        sum(favourable_answers) filter (where {{ condition }}) as favourable_answers,
        sum(favourable_count) filter (where {{ condition }}) as favourable_count,
        sum(promoters_count) filter (where {{ condition }}) as promoters_count,
        sum(passives_count) filter (where {{ condition }}) as passives_count,
        sum(detractors_count) filter (where {{ condition }}) as detractors_count,
        {{ smallest_of_lists('lowest_scores', 'min_respondents - 1', condition) }} as lowest_scores,
        {{ largest_of_lists('highest_scores', 'min_respondents - 1', condition) }} as highest_scores
    from {{ cells }}
    group by {% for column in by %}{{ column }}, {% endfor %}wave_key, driver, min_respondents
{%- endmacro %}

{% macro hidden_cells(cells) -%}
    with teams as (

        select
            *,
            row_number() over (
                partition by wave_key, driver, parent_scope_id, is_forced
                order by n, scope_id
            ) as size_rank
        from {{ cells }}
        where scope_type = 'team'

    ),

    hidden_teams as (

        {{ union_of_blocks('teams', ['parent_scope_id'], 'is_forced') | indent(8) }}

    ),

    value_streams as (

        select
            cells.wave_key,
            cells.driver,
            cells.scope_id,
            cells.n,
            cells.is_forced,
            hidden_teams.cells_count > 0 as has_hidden_teams,
            not cells.is_forced
            and hidden_teams.cells_count > 0
            and not {{ is_publishable_block('hidden_teams') | indent(12) }} as is_team_needed
        from {{ cells }} as cells
        inner join hidden_teams
            on
                cells.wave_key = hidden_teams.wave_key
                and cells.driver = hidden_teams.driver
                and cells.scope_id = hidden_teams.parent_scope_id
        where cells.scope_type = 'value_stream'

    ),

    below_hidden_value_streams as (

        select
            teams.*,
            teams.is_forced and value_streams.is_forced as is_uncovered
        from teams
        inner join value_streams
            on
                teams.wave_key = value_streams.wave_key
                and teams.driver = value_streams.driver
                and teams.parent_scope_id = value_streams.scope_id

    ),

    rest_of_organization as (

        {{ union_of_blocks('below_hidden_value_streams', [], 'is_uncovered') | indent(8) }}

    ),

    organizations as (

        select
            cells.wave_key,
            cells.driver,
            cells.is_forced as is_hidden,
            rests.cells_count > 0 and not {{ is_publishable_block('rests') | indent(12) }} as is_value_stream_needed
        from {{ cells }} as cells
        inner join rest_of_organization as rests
            on
                cells.wave_key = rests.wave_key
                and cells.driver = rests.driver
        where cells.scope_type = 'organization'

    ),

    -- what it costs to add people to the rest of the organisation: a hidden value stream gives a team, one with hidden
    -- teams only its own cell, another its own cell and a team
    offers as (

        select
            value_streams.wave_key,
            value_streams.driver,
            value_streams.scope_id,
            value_streams.is_forced or not value_streams.has_hidden_teams as is_with_team,
            row_number() over (
                partition by value_streams.wave_key, value_streams.driver
                order by
                    case when value_streams.is_forced or value_streams.has_hidden_teams then 1 else 2 end,
                    case when value_streams.is_forced then teams.n else value_streams.n end,
                    value_streams.scope_id
            ) as offer_rank
        from value_streams
        left join teams
            on
                value_streams.wave_key = teams.wave_key
                and value_streams.driver = teams.driver
                and value_streams.scope_id = teams.parent_scope_id
                and teams.size_rank = 1
                and not teams.is_forced
        where not value_streams.is_forced or teams.scope_id is not null

    ),

    judged as (

        select
            value_streams.wave_key,
            value_streams.driver,
            value_streams.scope_id,
            value_streams.is_forced,
            value_streams.is_team_needed,
            organizations.is_hidden as is_all_hidden,
            coalesce(organizations.is_value_stream_needed and offers.offer_rank = 1, false) as is_taken,
            coalesce(offers.is_with_team, false) as is_with_team
        from value_streams
        inner join organizations
            on
                value_streams.wave_key = organizations.wave_key
                and value_streams.driver = organizations.driver
        left join offers
            on
                value_streams.wave_key = offers.wave_key
                and value_streams.driver = offers.driver
                and value_streams.scope_id = offers.scope_id

    )

    select
        wave_key,
        driver,
        'organization' as scope_type,
        'organization' as scope_id,
        is_hidden
    from organizations
    union all
    select
        wave_key,
        driver,
        'value_stream' as scope_type,
        scope_id,
        is_all_hidden or is_forced or is_taken as is_hidden
    from judged
    union all
    select
        teams.wave_key,
        teams.driver,
        'team' as scope_type,
        teams.scope_id,
        judged.is_all_hidden
        or teams.is_forced
        or (teams.size_rank = 1 and (judged.is_team_needed or (judged.is_taken and judged.is_with_team))) as is_hidden
    from teams
    inner join judged
        on
            teams.wave_key = judged.wave_key
            and teams.driver = judged.driver
            and teams.parent_scope_id = judged.scope_id
{%- endmacro %}

{% macro is_open_change(change) -%}
    (
        {{ change }}.n >= {{ change }}.min_respondents
        and (
            {{ change }}.driver = 'all'
            or (
                {{ change }}.score_sum between 10 * ({{ change }}.min_respondents - 1)
                and 100 * {{ change }}.n - 10 * ({{ change }}.min_respondents - 1)
                and (
                    {{ change }}.favourable_answers = 0
                    or {{ change }}.favourable_count between 1 and {{ change }}.favourable_answers - 1
                )
                and (
                    not {{ change }}.is_recommendation
                    or least({{ change }}.promoters_count, {{ change }}.passives_count, {{ change }}.detractors_count) > 0
                )
            )
        )
    )
{%- endmacro %}
