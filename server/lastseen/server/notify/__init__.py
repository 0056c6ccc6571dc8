"""Who is told: what to say is decided with each transition and kept in the store before any of it
is sent; then each channel's lane sends it, at least once, in order.
"""
