"""`python -m gomikuru` is the `gomikuru` program."""

from gomikuru.cli import main

if __name__ == "__main__":
    main()
