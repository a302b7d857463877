using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Reference;

/// <summary>Activations and their derivatives in double precision.</summary>
internal static class Activations
{
    public static double Value(Activation activation, double x) => activation switch
    {
        Activation.Identity => x,
        Activation.Relu => x > 0 || double.IsNaN(x) ? x : 0,
        Activation.Gelu => x * NormalCdf(x),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.LeakyRelu => x > 0 ? x : 0.01 * x,
        Activation.Elu => x > 0 ? x : Math.Exp(x) - 1,
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    public static double Slope(Activation activation, double x)
    {
        double sigmoid = 1 / (1 + Math.Exp(-x)), tanh = Math.Tanh(x);
        return activation switch
        {
            Activation.Identity => 1,
            Activation.Relu => x > 0 ? 1 : 0,
            Activation.Gelu => NormalCdf(x) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI),
            Activation.Tanh => 1 - tanh * tanh,
            Activation.Sigmoid => sigmoid * (1 - sigmoid),
            Activation.Silu => sigmoid * (1 + x * (1 - sigmoid)),
            Activation.LeakyRelu => x > 0 ? 1 : 0.01,
            Activation.Elu => x > 0 ? 1 : Math.Exp(x),
            _ => throw new ArgumentOutOfRangeException(nameof(activation)),
        };
    }

    private static double NormalCdf(double x) => 0.5 * (1 + Erf(x / Math.Sqrt(2)));

    /// <summary>The error function to double precision: its power series, and Lentz's continued fraction of erfc for large arguments.</summary>
    public static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (double.IsNaN(x)) return x;
        if (a > 6) return Math.Sign(x);
        if (a < 2.5)
        {
            // 2/sqrt(pi) e^-x^2 sum of 2^n x^(2n+1) / (2n+1)!!: all terms of one sign, so nothing cancels
            double term = a, sum = a;
            for (int n = 1; n < 100 && term > 1e-18 * sum; n++)
            {
                term *= 2 * a * a / (2 * n + 1);
                sum += term;
            }

            return Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-a * a) * sum;
        }

        double fraction = 0;
        for (int k = 60; k >= 1; k--) fraction = k / 2.0 / (a + fraction);
        return Math.Sign(x) * (1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + fraction));
    }
}
