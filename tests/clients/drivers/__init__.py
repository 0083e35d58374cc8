"""One driver a client."""

from __future__ import annotations

from clients.drivers.aio import AiokafkaDriver
from clients.drivers.base import Driver, GroupDriver
from clients.drivers.confluent import ConfluentDriver
from clients.drivers.kcat import PROGRAM, KcatDriver
from clients.drivers.pure import KafkaPythonDriver

KCAT_INSTALLED = PROGRAM is not None
KCAT = KcatDriver()
GROUP_DRIVERS: dict[str, GroupDriver] = {
    driver.name: driver for driver in (ConfluentDriver(), AiokafkaDriver(), KafkaPythonDriver())
}
DRIVERS: dict[str, Driver] = {**GROUP_DRIVERS, KCAT.name: KCAT}

__all__ = ["DRIVERS", "GROUP_DRIVERS", "KCAT", "KCAT_INSTALLED", "Driver", "GroupDriver"]
