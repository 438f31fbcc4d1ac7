"""Metrics: what a real scrape says of a service that has done a little of everything."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from recto.errors import QueueFull
from recto.observability.metrics import LATENCY_BUCKETS_S, Metrics

SAMPLES = {
    ("recto_http_request_duration_seconds_count", "method=POST,route=/v1/read,status=200"): 2,
    ("recto_http_request_duration_seconds_count", "method=POST,route=/v1/read,status=429"): 1,
    ("recto_errors_total", "type=QueueFull"): 1,
    ("recto_pages_read_total", "engine=fake 1,finish=blank,scope=general"): 2,
    ("recto_pages_read_total", "engine=fake 1,finish=failed,scope=general"): 1,
    ("recto_stage_duration_seconds_count", "stage=infer"): 2,
    ("recto_stage_duration_seconds_count", "stage=preprocess"): 3,
    ("recto_stage_duration_seconds_count", "stage=load"): 1,
    ("recto_queue_unread_pages_total", "reason=full"): 1,
    ("recto_queue_pages", ""): 0,
    ("recto_engine_hung_batches", ""): 0,
    ("recto_http_requests_in_progress", ""): 1,
    ("recto_gpu_memory_bytes", "engine=fake 1"): 3e9,
    ("recto_price_per_hour", "currency=USD"): 3.6,
    ("recto_loaded_release", "scope=general"): 1,
    ("recto_loaded_release_stale", "scope=general"): 0,
    ("recto_release_current", "scope=general"): 1,
    ("recto_release_cer_ratio", "model=release,scope=general"): 0,
    ("recto_release_accuracy_ratio", "category=receipt,model=release,scope=general"): 1,
    ("recto_release_seconds_per_page", "model=release,scope=general"): 0.5,
    ("recto_release_peak_memory_bytes", "model=baseline,scope=general"): 1200 * 2**20,
    ("recto_release_saved_ratio", "scope=general"): 0,
    ("recto_release_cost_per_thousand_pages", "currency=USD,model=release,scope=general"): 0.5,
    ("recto_cycles_total", "scope=general,state=released"): 1,
    ("recto_cycles_total", "scope=general,state=failed"): 1,
    ("recto_cycle_duration_seconds_total", "scope=general"): 120,
    ("recto_cycle_last_duration_seconds", "scope=general"): 90,
    ("recto_cycle_last_peak_memory_bytes", "scope=general"): 2**30,
    ("recto_cycle_last_cost", "currency=USD,scope=general"): 0.09,
    ("recto_cycle_cost_total", "currency=USD,scope=general"): 0.09,
    ("recto_documents", "category=receipt,state=trusted"): 1,
    ("recto_jobs", "state=queued"): 1,
    ("recto_jobs", "state=running"): 0,
    ("recto_facts_known", ""): 1,
}


def samples(scrape: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(scrape)
        for sample in family.samples
    }


@pytest.mark.parametrize("key", SAMPLES, ids=" ".join)
def test_a_scrape_says(key: tuple[str, str], scrape: str) -> None:
    assert samples(scrape)[key] == pytest.approx(SAMPLES[key])


def test_buckets_reach_from_five_milliseconds_to_a_minute() -> None:
    assert (LATENCY_BUCKETS_S[0], LATENCY_BUCKETS_S[-1]) == (0.005, 60.0)


def test_without_a_price_nothing_has_a_cost() -> None:
    metrics = Metrics()
    metrics.read("general", "fake 1", ["complete"])
    assert "cost" not in metrics.render().decode() and "price" not in metrics.render().decode()


def test_cost_of_a_thousand_pages_is_of_the_seconds_read() -> None:
    metrics = Metrics(price_per_hour=3.6, currency="EUR")
    metrics.took("infer", 4.0)
    metrics.took("queue", 100.0)
    metrics.read("general", "fake 1", ["complete", "failed"])
    assert samples(metrics.render().decode())[
        "recto_cost_per_thousand_pages", "currency=EUR"
    ] == pytest.approx(2.0)


def test_errors_that_are_not_ours_are_only_counted() -> None:
    metrics = Metrics()
    metrics.failed(QueueFull("full"))
    metrics.failed(ValueError("a secret"))
    found = samples(metrics.render().decode())
    assert (
        found["recto_errors_total", "type=QueueFull"] == found["recto_errors_total", "type=unforeseen"] == 1
    )


def test_a_stage_that_fails_has_taken_its_time() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError), metrics.stage("preprocess"):
        raise ValueError
    assert samples(metrics.render().decode())["recto_stage_duration_seconds_count", "stage=preprocess"] == 1
