"""remosa wires: settings, URLs, the admin site. It holds no rules of its own."""
