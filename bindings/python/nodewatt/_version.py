__version__ = "0.1.0"  # the project's, of CMakeLists.txt; a test holds them together
