"""Official warnings come under the pipeline's own filter: it passes them over, their own process takes them."""

import pytest

from config.settings import WarningSettings
from ingest.topics import load_topic_map


@pytest.mark.parametrize("topic", ["cq/warning/500114", "cq/warning/50011441600000/11B37"])
def test_the_pipeline_passes_official_warnings_over(topic: str) -> None:
    assert load_topic_map().route(topic).format == "other"
    assert WarningSettings().topics == ["cq/warning/#"]
