"""Text to vectors: the port, the model in this process, and the build of its files. Nothing here knows what a vector is for."""
