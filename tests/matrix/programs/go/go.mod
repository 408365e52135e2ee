module https

go 1.19
