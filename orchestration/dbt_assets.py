"""The dbt project as Dagster assets: one `dbt build` in this process; all tests of a model are one asset check."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration import progress
from orchestration.dbt_build import DbtBuild, TestOutcome, gate
from orchestration.fingerprint import night_fingerprint, raw_fingerprint
from orchestration.night import Night
from orchestration.publish import current_publication

CHECK = "tests"
LAYERS = ("staging", "intermediate")


class Translator(DagsterDbtTranslator):
    """Names of groups by layer or mart schema; one check per model, whatever the number of its tests.

    Every asset check costs Dagster's event log some 50 ms a night, so 160 of them would cost 8 s.
    """

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """staging, intermediate, seeds, or the schema of a mart."""
        return dbt_resource_props["config"].get("schema") or "models"

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own description."""
        return dbt_resource_props.get("description") or ""

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """The one check of the model that a test belongs to."""
        if self.get_asset_key(manifest["nodes"].get(tested_node(manifest, unique_id)) or {}) != asset_spec.key:
            return None
        return dg.AssetCheckSpec(CHECK, asset=asset_spec.key, description="All dbt tests of this model passed.")

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """[schema, name] of a model, [source, table] of a source."""
        return super().get_asset_key(dbt_resource_props) if dbt_resource_props else dg.AssetKey("none")


def tested_node(manifest: Mapping[str, Any], test_id: str) -> str:
    """The node a test belongs to: the one it is attached to, else the last model it reads ('' where it reads none)."""
    node = manifest["nodes"].get(test_id)
    if node is None:  # came into the project while the night ran
        return ""
    if node.get("attached_node"):
        return node["attached_node"]
    models = [unique_id for unique_id in node["depends_on"]["nodes"] if unique_id in manifest["nodes"]]
    return models[-1] if models else ""


def build_dbt_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """Every seed, model and snapshot of the project as assets of one step, `dbt_build`."""
    translator = Translator()

    @dbt_assets(
        manifest=manifest,
        name="dbt_build",
        dagster_dbt_translator=translator,
        required_resource_keys={"night"},
    )
    def dbt_build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night: Night = context.resources.night
        with night.part("dbt"):
            remember_fingerprint(night)
            whole = not context.is_subset
            if whole and night.unchanged:
                context.log.info("nothing changed since the last publication: dbt and publishing are skipped")
                return
            selected = [] if whole else _selected(context, manifest, translator)
            yield from _build(context, night, manifest, translator, selected)

    return dbt_build


def remember_fingerprint(night: Night) -> None:
    """Set what the night would publish from, and whether that is published already.

    A run that did not read (a single step started by hand) takes clock and fingerprint from the warehouse as it stands.
    """
    from datetime import UTC

    from ingestion.load import Warehouse

    if not night.raw_fingerprint:
        with Warehouse(night.settings.warehouse) as warehouse:
            night.raw_fingerprint = raw_fingerprint(warehouse)
            night.as_of = warehouse.query("select as_of from raw_ingestion.settings")[0][0].replace(tzinfo=UTC)
    night.fingerprint = night_fingerprint(night.raw_fingerprint, night.settings.dbt_project)
    published = current_publication(night.settings)
    if published is not None and published["fingerprint"] == night.fingerprint and not night.full:
        night.unchanged = True
        night.publication = published


def _selected(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], translator: DagsterDbtTranslator
) -> list[str]:
    return [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
        and translator.get_asset_key(node) in context.selected_asset_keys
    ]


def _build(
    context: dg.AssetExecutionContext,
    night: Night,
    manifest: Mapping[str, Any],
    translator: Translator,
    selected: list[str],
) -> Iterator[Any]:
    report = progress.reporter()
    report.phase("building and testing the models")
    build = DbtBuild(night.settings, select=selected, full_refresh=night.full)
    for done, event in enumerate(build, start=1):
        data = event["data"]
        report.models(done, int(data.get("total") or data.get("num_models") or 0), data["node_info"]["node_name"])
        if event["info"]["name"] != "LogTestResult" and data["node_info"]["unique_id"] in manifest["nodes"]:
            message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
            yield from message.to_default_asset_events(manifest, translator, context)
    night.tests = build.outcome.summary
    yield from _checks(context, manifest, translator, build.outcome.tests)
    gate(night.settings, build.outcome)


def _checks(
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: Translator,
    tests: list[TestOutcome],
) -> Iterator[dg.AssetCheckResult]:
    by_model: dict[str, list[TestOutcome]] = defaultdict(list)
    for test in tests:
        by_model[tested_node(manifest, test.unique_id)].append(test)
    for unique_id, of_model in by_model.items():
        node = manifest["nodes"].get(unique_id)
        if node is None:
            continue
        key = dg.AssetCheckKey(translator.get_asset_key(node), CHECK)
        if key not in context.selected_asset_check_keys:
            continue
        broken = [test for test in of_model if test.status in ("fail", "error", "warn")]
        only_warnings = all(test.status == "warn" for test in broken)
        yield dg.AssetCheckResult(
            check_name=CHECK,
            asset_key=key.asset_key,
            passed=not broken,
            severity=dg.AssetCheckSeverity.WARN if broken and only_warnings else dg.AssetCheckSeverity.ERROR,
            description="; ".join(f"{t.name}: {t.rows} rows" if t.rows else f"{t.name}: {t.message}" for t in broken),
            metadata={"tests": len(of_model), **{test.name: test.rows for test in broken}},
        )
