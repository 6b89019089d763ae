"""Speaking to image registries, as the OCI distribution specification (v1.1) has it."""
