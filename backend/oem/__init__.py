"""The vehicle manufacturer (OEM): gives each vehicle its provisioning certificate and publishes it."""

from pncsim.backend.oem.service import Manufacturer

__all__ = ["Manufacturer"]
