package xxh3

import "testing"

// Recorded from another implementation, over the bytes of input.
var vectors = []struct {
	size int
	hash uint64
}{
	{0, 0x2d06800538d394c2},
	{1, 0x429e81bc6744101c},
	{2, 0xa65771cbfd464c2d},
	{3, 0x32dbb5c7774cc94f},
	{4, 0x65775238ca34c06f},
	{5, 0xd3bdebb681920cdf},
	{8, 0x90b760c9d253d0ff},
	{9, 0x15ae9f843bb50ea4},
	{16, 0x372c92fa68129c98},
	{17, 0xb5d6b9c1898bd9d6},
	{32, 0x0ab1dbf9e9f8c22c},
	{33, 0x4f4ae280e8465c3c},
	{64, 0x84fcac4cce9f990d},
	{65, 0x2c9f18dff914a8bd},
	{96, 0xe1e1ba1b4e47ded7},
	{97, 0x5cc877781800cb6b},
	{128, 0xc59e505a97d029e0},
	{129, 0xf9e651a476d6d3ca},
	{143, 0x4916c14bd2fd8e2a},
	{144, 0x6630fc8e0296f27f},
	{160, 0x35073e7743b6b66a},
	{239, 0x4d083af3e4a9a1cf},
	{240, 0x967597e635f3c527},
	{241, 0xd6afac6f8fa85b01},
	{255, 0x22062a421972fdde},
	{256, 0x9e6593bab96413da},
	{257, 0xc7f456fff4eaca08},
	{1023, 0x120a0457e3e899f6},
	{1024, 0xbb9f0c3761cdfd54},
	{1025, 0x95edccc1adc4d895},
	{1088, 0xe8391a3978cbcf06},
	{1089, 0xb6e2a9bc2973e16a},
	{2048, 0x278f7a6a39416b51},
	{2049, 0x644272755e8980a0},
	{3000, 0x8489db8ce5637d6b},
	{5000, 0x06983d4ce0939f36},
}

// input returns n bytes of a linear congruential generator.
func input(n int) []byte {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func TestSum64(t *testing.T) {
	for _, v := range vectors {
		if h := Sum64(input(v.size)); h != v.hash {
			t.Errorf("%d bytes: %016x, not %016x", v.size, h, v.hash)
		}
	}
}

// The digests that the documentation of Redis and others shows.
func TestAppendHex(t *testing.T) {
	for text, want := range map[string]string{
		"Hello world": "b6acb9d84a38ff74", "test": "9ec9f7918d7dfc40", "hello": "9555e8555c62dcfd", "Hello, Dragonfly!": "063b4909128e92b7",
		"v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd": "00006c38adf31777",
	} {
		if got := string(AppendHex(nil, []byte(text))); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	b, dst := input(3000), make([]byte, 0, HexSize)
	if n := testing.AllocsPerRun(100, func() { AppendHex(dst, b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSum64(b *testing.B) {
	data := input(64 << 10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Sum64(data)
	}
}
