"""Where functions of nodes run beside the loop: in threads, and in processes for the CPU."""
