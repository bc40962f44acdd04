"""The demonstration registry: stations invented from a seed over real counties and places of Qinghai.

No real list for the province is published. Every page, answer and export says that these are not real.
"""

from stations.demo.fill import PROVINCE, SOURCE, fill, prepare
from stations.demo.measured import add_run
from stations.demo.sited import add_plan
from stations.demo.use import add_scans

__all__ = ["PROVINCE", "SOURCE", "add_plan", "add_run", "add_scans", "fill", "prepare"]
