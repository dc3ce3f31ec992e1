"""What runs inside collectd: its block's settings, its series and the sources it reads."""
