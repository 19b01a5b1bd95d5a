"""The provisioning certificate pool (PCP): one entry for each vehicle, read by PCID, never listed."""

from pncsim.backend.pcp.service import ProvisioningPool, VehicleChange
from pncsim.backend.pcp.store import MemoryVehicles, Vehicle, VehicleRepository

__all__ = ["MemoryVehicles", "ProvisioningPool", "Vehicle", "VehicleChange", "VehicleRepository"]
