module ringshift

go 1.24
