"""Planning: who is reached by the stations of this registry, run by run, with what each run stands on."""

from stations.planning import runs
from stations.planning.asking import CENSUS, Along, CoverageQuestion
from stations.planning.measuring import Measured, measure

__all__ = ["CENSUS", "Along", "CoverageQuestion", "Measured", "measure", "runs"]
