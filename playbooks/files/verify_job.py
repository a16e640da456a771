"""Proves a cluster by a Hail job: known counts from a real VCF, statistics on a simulated cohort, and a part done by every worker.

Exit status 1 with one line on stderr when something is not as it should be. The report is JSON.
"""

import argparse
import json
import os
import sys
import time
import urllib.request

import hail as hl

EXPECTED = (10376, 5)  # 1000 Genomes phase 1, chromosome 22, as packaged in r-bioc-variantannotation


def workers(text):
    """`NAME=CORES,…` as cores by name."""
    return {name: int(cores) for name, cores in (pair.split("=") for pair in text.split(","))}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vcf", required=True)
    parser.add_argument("--workers", required=True, type=workers, help="NAME=CORES,…")
    parser.add_argument("--partitions", required=True, type=int)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--variants", type=int, default=5000)
    parser.add_argument("--report", required=True)
    return parser.parse_args()


def variants(vcf, partitions):
    """Counts and per-variant QC of the real data."""
    table = hl.import_vcf(vcf, force_bgz=True, reference_genome="GRCh37", min_partitions=partitions)
    counted = table.count()
    checked = hl.variant_qc(table)
    call_rate = checked.aggregate_rows(hl.agg.mean(checked.variant_qc.call_rate))
    return {"partitions": table.n_partitions(), "count": list(counted), "mean_call_rate": call_rate}


def cohort(samples, rows, partitions):
    """A linear regression and a PCA on a Balding–Nichols cohort of three populations.

    Three populations span two components, so both eigenvalues that are asked for stand clear of the noise: the iteration that looks
    for them ends soon.
    """
    model = hl.balding_nichols_model(3, samples, rows, n_partitions=partitions)
    model = model.annotate_cols(trait=hl.float64(model.pop) + hl.rand_norm(seed=7))
    tested = hl.linear_regression_rows(y=model.trait, x=model.GT.n_alt_alleles(), covariates=[1.0])
    finite = tested.aggregate(hl.agg.count_where(hl.is_finite(tested.p_value)))
    # hl.pca keeps its result under tmp_dir, which every node would have to see. These nodes share no file system,
    # so the result is computed where it is used instead.
    hl.current_backend().persist = lambda table: table
    eigenvalues, _, _ = hl.hwe_normalized_pca(model.GT, k=2)
    return {"samples": samples, "variants": rows, "tested": finite, "eigenvalues": list(eigenvalues)}


def executors():
    """Cores and completed tasks of the executors on each host, as the driver's REST says."""
    context = hl.spark_context()
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/executors"
    # The address is the driver's own; a proxy that the environment names has nothing to do with it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        listed = json.load(answer)
    cores, tasks = {}, {}
    for executor in listed:
        if executor["id"] != "driver":
            host = executor["hostPort"].rsplit(":", 1)[0]
            cores[host] = cores.get(host, 0) + executor["totalCores"]
            tasks[host] = tasks.get(host, 0) + executor["completedTasks"]
    return cores, tasks


def say(what):
    """A line for whoever watches the run."""
    print(f"verify: {what}", flush=True)


def main():
    wanted = arguments()
    started = time.time()
    hl.init(quiet=True, log=os.path.join(os.path.dirname(wanted.report), "hail.log"))
    report = {"hail": hl.version(), "spark": hl.spark_context().version}
    say("importing and counting the sample data")
    report["variants"] = variants(wanted.vcf, wanted.partitions)
    say(f"counted {report['variants']['count']}; a regression and a PCA on a simulated cohort")
    report["cohort"] = cohort(wanted.samples, wanted.variants, wanted.partitions)
    report["cores"], report["tasks"] = executors()
    report["seconds"] = round(time.time() - started, 1)
    with open(wanted.report, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
    print(json.dumps(report))

    wrong = []
    if tuple(report["variants"]["count"]) != EXPECTED:
        wrong.append(f"counted {report['variants']['count']}, expected {list(EXPECTED)}")
    if report["variants"]["partitions"] < wanted.partitions:
        wrong.append(f"{report['variants']['partitions']} partitions, expected at least {wanted.partitions}")
    if report["cohort"]["tested"] < 0.9 * wanted.variants:
        wrong.append(f"the regression gave {report['cohort']['tested']} p-values for {wanted.variants} variants")
    if not report["cohort"]["eigenvalues"][0] > report["cohort"]["eigenvalues"][1] > 0:
        wrong.append(f"the PCA's eigenvalues are {report['cohort']['eigenvalues']}")
    idle = [name for name in wanted.workers if report["tasks"].get(name, 0) == 0]
    if idle:
        wrong.append(f"idle workers, which did no task: {', '.join(idle)} (tasks by host: {report['tasks']})")
    other = {name: report["cores"].get(name) for name, cores in wanted.workers.items() if report["cores"].get(name) != cores}
    if other and not idle:
        wrong.append(f"cores that workers gave, other than expected: {other}")
    if wrong:
        sys.exit("verify: " + "; ".join(wrong))


main()
