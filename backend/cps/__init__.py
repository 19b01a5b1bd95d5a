"""The certificate provisioning service (CPS): signs contract data so that vehicles can trust them."""

from pncsim.backend.cps.service import CpsSigner, ProvisioningService

__all__ = ["CpsSigner", "ProvisioningService"]
