"""Volume claims of several applications: their users, and the consent to mount one."""
