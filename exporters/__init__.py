"""exporters observes: it asks vendors, keeps what they said, and shows it. It acts on nothing."""
