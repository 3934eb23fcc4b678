"""The far side of Remosa's texts: a gateway, a network that loses some, sockets that obey.

Knows nothing of `devices`: what a text means is read here by another reader than Remosa's.
"""
