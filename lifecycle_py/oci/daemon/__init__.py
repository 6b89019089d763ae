"""Speaking to a Docker daemon: its interface, the archives it takes and gives, images as it describes them."""
