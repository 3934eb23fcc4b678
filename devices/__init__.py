"""devices act: the layer between exporters and jobs that will command the power sockets."""
