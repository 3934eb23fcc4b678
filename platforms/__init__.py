"""platforms own: tenants, people, roles, tokens and the record of who did what."""
