"""A build from the platform's side: directories, root file system, executor, and the calls of the phases."""
