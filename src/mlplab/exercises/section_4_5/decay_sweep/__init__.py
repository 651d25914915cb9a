"""4.5.1: training and test loss along the weight decay."""
