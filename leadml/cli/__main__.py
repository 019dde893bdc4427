"""How does a process run a command of its own? As ``python -m leadml.cli``."""

from leadml.cli.main import main

if __name__ == "__main__":
    main()
