"""The vehicle manufacturer (OEM): gives each vehicle its provisioning certificate and publishes it."""

from backend.oem.service import Manufacturer

__all__ = ["Manufacturer"]
