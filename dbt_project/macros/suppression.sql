{% macro hide_children(parents, cells, scope_type) -%}
    select
        wave_key,
        driver,
        scope_type,
        scope_id,
        is_too_small
        -- complementary: hide shown siblings, smallest first, until the hidden ones are two or more with k or more people
        or (
            is_any_hidden
            and (
                hidden_cells + order_among_shown - 1 < 2
                or hidden_n + coalesce(shown_n_before, 0) < min_respondents
            )
        ) as is_hidden
    from (
        select
            *,
            bool_or(is_too_small) over (partition by wave_key, driver, parent_scope_id) as is_any_hidden,
            count(*) filter (where is_too_small and n > 0) over (partition by wave_key, driver, parent_scope_id)
                as hidden_cells,
            coalesce(
                sum(n) filter (where is_too_small) over (partition by wave_key, driver, parent_scope_id), 0
            ) as hidden_n,
            row_number() over shown as order_among_shown,
            sum(case when is_too_small then 0 else n end) over (
                shown rows between unbounded preceding and 1 preceding
            ) as shown_n_before
        from (
            select
                cells.wave_key,
                cells.driver,
                cells.scope_type,
                cells.scope_id,
                cells.parent_scope_id,
                cells.n,
                cells.responses_count,
                cells.min_respondents,
                parents.is_hidden or cells.is_forced as is_too_small
            from {{ cells }} as cells
            inner join {{ parents }} as parents
                on cells.wave_key = parents.wave_key
                and cells.driver = parents.driver
                and cells.parent_scope_id = parents.scope_id
            where cells.scope_type = '{{ scope_type }}'
        ) as children
        window shown as (
            partition by wave_key, driver, parent_scope_id
            order by is_too_small, responses_count, scope_id
        )
    ) as ranked
{%- endmacro %}
