module sender

go 1.21
