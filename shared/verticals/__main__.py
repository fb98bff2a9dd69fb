"""`python -m verticals`, which launchers such as `accelerate launch -m verticals` start."""

from verticals.cli import main

if __name__ == "__main__":
    main()
