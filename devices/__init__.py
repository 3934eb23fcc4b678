"""devices act: the layer between exporters and jobs that commands the power sockets."""
