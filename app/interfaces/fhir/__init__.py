"""FHIR operations (FHIR 接口): thin adapters over the same engine."""
