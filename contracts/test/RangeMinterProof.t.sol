// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Range, RangeMinter} from "../RangeMinter.sol";
import {vm} from "./Vm.sol";

/// A factory that has one pool.
contract OnePool {
    bytes32 private _key;
    address private _pool;

    function set(address token0, address token1, uint24 fee, address pool) external {
        (_key, _pool) = (keccak256(abi.encode(token0, token1, fee)), pool);
    }

    function getPool(address token0, address token1, uint24 fee) external view returns (address) {
        return keccak256(abi.encode(token0, token1, fee)) == _key ? _pool : address(0);
    }
}

/// A pool that has any price, bills its caller any amounts, and gives back the data that it was given.
contract Billing {
    uint160 private _price;
    uint256 private _owed0;
    uint256 private _owed1;
    address public recipient;

    function set(uint160 price, uint256 owed0, uint256 owed1) external {
        (_price, _owed0, _owed1) = (price, owed0, owed1);
    }

    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool) {
        return (_price, 0, 0, 0, 0, 0, true);
    }

    function mint(address recipient_, int24, int24, uint128, bytes calldata data) external returns (uint256, uint256) {
        recipient = recipient_;
        RangeMinter(msg.sender).uniswapV3MintCallback(_owed0, _owed1, data);
        return (_owed0, _owed1);
    }
}

/// A token that notes who was asked to pay whom, and answers any word, or nothing, or reverts.
contract Noting {
    uint256 public times;
    address public payer;
    address public recipient;
    uint256 public amount;
    uint8 private _manner;
    uint256 private _word;

    function set(uint8 manner, uint256 word) external {
        (_manner, _word) = (manner, word);
    }

    function transferFrom(address payer_, address recipient_, uint256 amount_) external {
        require(_manner != 0);
        times += 1;
        (payer, recipient, amount) = (payer_, recipient_, amount_);
        if (_manner == 1) return;
        uint256 word = _word;
        assembly {
            mstore(0, word)
            return(0, 32)
        }
    }
}

/// Who is paid, by whom and how much, for every caller, bill, bound and answer. Proved by halmos.
contract RangeMinterProof {
    uint24 private constant FEE = 500;

    OnePool private _factory;
    Billing private _pool;
    RangeMinter private _minter;
    Noting private _token0;
    Noting private _token1;

    /// How the tokens answer: 0 reverts, 1 answers nothing, others a word.
    struct Answers {
        uint8 manner0;
        uint8 manner1;
        uint256 word0;
        uint256 word1;
    }

    function setUp() public {
        _factory = new OnePool();
        _pool = new Billing();
        _minter = new RangeMinter(address(_factory));
        (Noting one, Noting other) = (new Noting(), new Noting());
        (_token0, _token1) = address(one) < address(other) ? (one, other) : (other, one);
        _factory.set(address(_token0), address(_token1), FEE, address(_pool));
    }

    /// Whatever anybody tells, tokens move only if the pool itself bills, as they were told and with their
    /// consent: nobody else makes it pay.
    function check_bill_byAnyone__onlyThePoolIsPaid(
        address caller,
        address payer,
        address token0,
        address token1,
        uint24 fee,
        uint256[4] memory amounts,
        Answers memory answers
    ) public {
        _answer(answers);
        bytes memory data = abi.encode(payer, token0, token1, fee, amounts[2], amounts[3]);
        vm.prank(caller);
        (bool passed,) =
            address(_minter).call(abi.encodeCall(RangeMinter.uniswapV3MintCallback, (amounts[0], amounts[1], data)));
        if (passed) {
            assert(caller == address(_pool));
            assert(token0 == address(_token0) && token1 == address(_token1) && fee == FEE);
            assert(amounts[0] == 0 || _consents(answers.manner0, answers.word0));
            assert(amounts[1] == 0 || _consents(answers.manner1, answers.word1));
        }
        _isPaid(_token0, passed, payer, amounts[0], amounts[2]);
        _isPaid(_token1, passed, payer, amounts[1], amounts[3]);
        _isNothingKept();
    }

    /// Whatever a pool bills and whatever the roots: the caller alone pays, the pool alone is paid, once a
    /// token, what it bills and no more than the caller allowed; and the position is the caller's.
    function check_mint_anyBill__theCallerPaysThePoolWithinItsBounds(
        address caller,
        uint160[3] memory prices,
        uint256[4] memory amounts,
        uint128 least,
        uint256[2] memory moments
    ) public {
        vm.warp(moments[0]);
        _answer(Answers(2, 2, 1, 1));
        _pool.set(prices[0], amounts[0], amounts[1]);
        Range memory range = Range(address(_token0), address(_token1), FEE, -60, 60, prices[1], prices[2]);
        vm.prank(caller);
        (bool passed,) =
            address(_minter).call(abi.encodeCall(RangeMinter.mint, (range, amounts[2], amounts[3], least, moments[1])));
        if (passed) {
            assert(moments[0] <= moments[1]);
            assert(_pool.recipient() == caller);
        }
        _isPaid(_token0, passed, caller, amounts[0], amounts[2]);
        _isPaid(_token1, passed, caller, amounts[1], amounts[3]);
        _isNothingKept();
    }

    function _answer(Answers memory answers) private {
        _token0.set(answers.manner0, answers.word0);
        _token1.set(answers.manner1, answers.word1);
    }

    function _consents(uint8 manner, uint256 word) private pure returns (bool) {
        return manner == 1 || (manner > 1 && word == 1);
    }

    /// Once and exactly if anything is owed, and never otherwise.
    function _isPaid(Noting token, bool passed, address payer, uint256 owed, uint256 most) private view {
        if (!passed || owed == 0) {
            assert(token.times() == 0);
            return;
        }
        assert(token.times() == 1);
        assert(token.payer() == payer);
        assert(token.recipient() == address(_pool));
        assert(token.amount() == owed && owed <= most);
    }

    /// Nothing is ever sent to the minter, neither of the tokens nor of native currency.
    function _isNothingKept() private view {
        assert(_token0.times() == 0 || _token0.recipient() != address(_minter));
        assert(_token1.times() == 0 || _token1.recipient() != address(_minter));
        assert(address(_minter).balance == 0);
    }
}
