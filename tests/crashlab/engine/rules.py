"""What of the report of the lab has to be 0."""

MUST_BE_ZERO = (
    "duplicates", "unasked", "silently_lost", "silently_sent", "stuck", "too_soon", "left_off",
    "unpaid", "double_ticks", "double_episodes", "double_attempts", "in_remediation", "healthy",
    "held_back", "torn", "overlooked", "unexplained",
)  # fmt: skip
