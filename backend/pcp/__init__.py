"""The provisioning certificate pool (PCP): one entry for each vehicle, read by PCID, never listed."""

from pncsim.backend.pcp.service import ProvisioningPool
from pncsim.backend.pcp.store import VEHICLES, ProvisionedVehicle, vehicle_key

__all__ = ["VEHICLES", "ProvisionedVehicle", "ProvisioningPool", "vehicle_key"]
