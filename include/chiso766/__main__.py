print("hello", __import__("sys").argv)
