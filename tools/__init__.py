"""What a checkout needs before it runs; standard library only, never imported by the product."""
