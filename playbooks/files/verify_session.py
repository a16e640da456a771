"""A user's own script: nothing but Hail, the cluster's address and a file."""

import os
import sys

import hail as hl

master, vcf = sys.argv[1:]
hl.init(master=master, quiet=True, log=os.path.join(os.path.dirname(os.path.abspath(__file__)), "hail-session.log"))
counted = hl.import_vcf(vcf, force_bgz=True, reference_genome="GRCh37", min_partitions=4).count()
print("rows, columns:", counted)
sys.exit(0 if counted == (10376, 5) else "expected (10376, 5)")
