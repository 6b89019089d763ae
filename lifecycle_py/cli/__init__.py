"""The phases as programs: flags, environment, exit codes. Nothing else imports this package."""
