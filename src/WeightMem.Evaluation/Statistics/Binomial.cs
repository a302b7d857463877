namespace WeightMem.Evaluation.Statistics;

/// <summary>Exact statements about shares: tails of the binomial and of the hypergeometric distribution, and the intervals they give.</summary>
public static class Binomial
{
    private const double Tail = 0.025;

    /// <summary>P(X &gt;= successes) of so many trials, exactly.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are more successes than trials, or the probability is not in 0 to 1.</exception>
    public static double UpperTail(int successes, int trials, double probability)
    {
        Check(successes, trials);
        if (!(probability is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), $"probability {probability} is not in 0 to 1");
        if (successes == 0 || probability == 1) return 1;
        if (probability == 0) return 0;
        double[] logs = LogFactorials(trials);
        double sum = 0;
        for (int k = trials; k >= successes; k--) sum += Math.Exp(LogChoose(logs, trials, k) + k * Math.Log(probability) + (trials - k) * Math.Log(1 - probability));
        return Math.Min(1, sum);
    }

    /// <summary>The exact 95 % interval of a share (Clopper and Pearson 1934); null without trials.</summary>
    public static (double Low, double High)? ClopperPearson(int successes, int trials)
    {
        Check(successes, trials);
        if (trials == 0) return null;
        double low = successes == 0 ? 0 : Bisect(p => UpperTail(successes, trials, p) - Tail);
        double high = successes == trials ? 1 : 1 - Bisect(p => UpperTail(trials - successes, trials, p) - Tail);
        return (low, high);
    }

    /// <summary>
    /// One-sided exact test of Fisher: the probability that so many or more of the successes of both groups fall into the first, when the
    /// groups have the same share.
    /// </summary>
    public static double FisherGreater(int successes, int trials, int otherSuccesses, int otherTrials)
    {
        Check(successes, trials);
        Check(otherSuccesses, otherTrials);
        int all = trials + otherTrials, hits = successes + otherSuccesses;
        double[] logs = LogFactorials(all);
        double sum = 0, whole = LogChoose(logs, all, hits);
        for (int k = Math.Min(hits, trials); k >= successes && hits - k <= otherTrials; k--)
            sum += Math.Exp(LogChoose(logs, trials, k) + LogChoose(logs, otherTrials, hits - k) - whole);
        return Math.Min(1, sum);
    }

    private static double Bisect(Func<double, double> rising)
    {
        double low = 0, high = 1;
        for (int i = 0; i < 60; i++)
        {
            double middle = 0.5 * (low + high);
            if (rising(middle) < 0) low = middle;
            else high = middle;
        }

        return 0.5 * (low + high);
    }

    private static double[] LogFactorials(int n)
    {
        var logs = new double[n + 1];
        for (int i = 2; i <= n; i++) logs[i] = logs[i - 1] + Math.Log(i);
        return logs;
    }

    private static double LogChoose(double[] logs, int n, int k) => logs[n] - logs[k] - logs[n - k];

    private static void Check(int successes, int trials)
    {
        if (trials < 0 || successes < 0 || successes > trials) throw new ArgumentOutOfRangeException(nameof(successes), $"{successes} successes of {trials} trials");
    }
}
